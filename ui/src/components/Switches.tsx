import { SegmentedControl, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import type { Zone } from "../model/format";

const SCHEMES = [
  { value: "auto", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];
const ZONES = [
  { value: "utc", label: "UTC" },
  { value: "local", label: "Local" },
];

export function Switches({ zone, setZone }: { zone: Zone; setZone: (zone: Zone) => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <div className="switches no-print">
      <SegmentedControl
        size="xs"
        aria-label="Time zone"
        data={ZONES}
        value={zone}
        onChange={(value) => setZone(value === "local" ? "local" : "utc")}
      />
      <SegmentedControl
        size="xs"
        aria-label="Light or dark"
        data={SCHEMES}
        value={colorScheme}
        onChange={(value) => setColorScheme(value as MantineColorScheme)}
      />
    </div>
  );
}

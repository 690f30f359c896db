import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";

const COUNT = 5;

/** The hues of runs for what is drawn on a canvas, read again when light and dark change. */
export function useSeriesColors(): string[] {
  const scheme = useComputedColorScheme("light");
  return useMemo(() => {
    document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
    const style = getComputedStyle(document.documentElement);
    return Array.from(
      { length: COUNT },
      (_, hue) => style.getPropertyValue(`--series-${hue}`).trim() || "#888888",
    );
  }, [scheme]);
}

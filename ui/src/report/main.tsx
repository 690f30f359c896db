import { MantineProvider } from "@mantine/core";
import { StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { usePrinting } from "../components/usePrinting";
import { decodePayload } from "../model/payload";
import { decodeSweep, isSweep } from "../model/sweep";
import "./styles";
import { ReportPage } from "./ReportPage";
import { SweepPage } from "./SweepPage";
import { theme } from "./theme";

const content = page();
const place = document.getElementById("root");
if (place)
  createRoot(place).render(
    <StrictMode>
      <Report />
    </StrictMode>,
  );

/** Paper is light, whatever the screen is. */
function Report() {
  const printing = usePrinting();
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" forceColorScheme={printing ? "light" : undefined}>
      {content}
    </MantineProvider>
  );
}

function page(): ReactNode {
  try {
    const found: unknown = JSON.parse(document.getElementById("exitbrain-data")?.textContent || "null");
    if (isSweep(found)) {
      const sweep = decodeSweep(found, "");
      document.title = `${sweep.sweep.symbols.join(", ")} · Exit Brain sweep`;
      return <SweepPage payload={sweep} />;
    }
    const payload = decodePayload(found);
    document.title = `${payload.run.symbols.join(", ")} · Exit Brain report`;
    return <ReportPage payload={payload} />;
  } catch (fault) {
    return <Unreadable reason={fault instanceof Error ? fault.message : String(fault)} />;
  }
}

function Unreadable({ reason }: { reason: string }) {
  return (
    <main className="page">
      <h1>This report has no readable results</h1>
      <p className="callout warn">{reason}</p>
    </main>
  );
}

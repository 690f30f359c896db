import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";

const NAMES = [
  "ink",
  "muted",
  "line",
  "card",
  "accent",
  "profit",
  "loss",
  "candle-up",
  "candle-down",
  "entry",
  "regime-trend",
  "regime-range",
  "regime-volatile",
  "regime-chop",
  "regime-normal",
] as const;
export type Palette = Record<(typeof NAMES)[number], string>;

/** The colours of the page for what is drawn on a canvas, read again when light and dark change. */
export function usePalette(): Palette {
  const scheme = useComputedColorScheme("light");
  return useMemo(() => readPalette(scheme), [scheme]);
}

function readPalette(scheme: string): Palette {
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim() || "#888888";
  return Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Palette;
}

/** A regime that the market is not known to have is drawn as the normal one. */
export function regimeColor(palette: Palette, regime: string): string {
  const name = `regime-${regime.toLowerCase()}` as keyof Palette;
  return palette[name] ?? palette["regime-normal"];
}

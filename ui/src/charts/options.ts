import { ColorType, CrosshairMode, type DeepPartial, type TimeChartOptions, type Time } from "lightweight-charts";
import { moment, type Zone } from "../model/format";
import type { Palette } from "./palette";

/** Small enough that all points fit, and stay in view: a curve that begins in the middle would mislead. */
export const WHOLE_RANGE = { minBarSpacing: 0.01, lockVisibleTimeRangeOnResize: true };

/**
 * The library's logo brings a style element without a nonce, which the workbench's policy refuses: there the frame
 * holds the link in its place.
 */
export const MADE_BY = { layout: { attributionLogo: document.querySelector('meta[name="csp-nonce"]') === null } };

/** What all time charts share: colours of the page, plain grid, times in the reader's zone. */
export function chartOptions(palette: Palette, zone: Zone): DeepPartial<TimeChartOptions> {
  return {
    layout: {
      background: { type: ColorType.Solid, color: "transparent" },
      textColor: palette.muted,
      fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
      fontSize: 11,
      panes: { separatorColor: palette.line, separatorHoverColor: palette.line, enableResize: false },
    },
    grid: { vertLines: { visible: false }, horzLines: { color: palette.line } },
    rightPriceScale: { borderVisible: false },
    timeScale: {
      borderColor: palette.line,
      timeVisible: true,
      secondsVisible: false,
      tickMarkFormatter: (time: Time, kind: number) => tick(Number(time), kind, zone),
    },
    crosshair: { mode: CrosshairMode.Magnet, vertLine: { color: palette.muted }, horzLine: { color: palette.muted } },
    localization: { timeFormatter: (time: Time) => moment(Number(time), zone) },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** kind: 0 year, 1 month, 2 day, 3 time, 4 time with seconds (the library's TickMarkType). */
function tick(seconds: number, kind: number, zone: Zone): string {
  const [date = "", clock = ""] = moment(seconds, zone).split(" ");
  const [year = "", month = "1", day = ""] = date.split("-");
  if (kind === 0) return year;
  if (kind === 1) return MONTHS[Number(month) - 1] ?? month;
  return kind === 2 ? `${Number(day)} ${MONTHS[Number(month) - 1] ?? ""}` : clock;
}

import { createContext, useContext } from "react";
import { moment, type Zone } from "../model/format";

export const ZoneContext = createContext<Zone>("utc");

/** Writes a moment in the zone that the reader chose. */
export function useMoment(): (at: string | number | null, withTime?: boolean) => string {
  const zone = useContext(ZoneContext);
  return (at, withTime = true) => moment(at, zone, withTime);
}

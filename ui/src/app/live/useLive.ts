import { useEffect, useState } from "react";
import { client } from "../../api/client";
import type { Shape } from "../../api/client";
import { type Change, changed, type Happened, NOTHING, type Picture, withEvents } from "./model";

const AGAIN = 3_000;

export type Live = {
  picture: Picture;
  events: Happened[];
  kinds: Shape["FacetCount"][];
  line: "opening" | "open" | "broken";
  fault: unknown;
};

/** The monitor as it is now, and what happens, as the server tells it on one line that mends itself. */
export function useLive(): Live {
  const [picture, setPicture] = useState<Picture>(NOTHING);
  const [events, setEvents] = useState<Happened[]>([]);
  const [kinds, setKinds] = useState<Shape["FacetCount"][]>([]);
  const [line, setLine] = useState<Live["line"]>("opening");
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let source: EventSource | null = null;
    let later: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    let last = 0;
    const open = (): void => {
      let fresh = true;
      source = new EventSource(`/api/stream?after=${last}`);
      source.addEventListener("open", () => {
        fresh = true;
        setLine("open");
      });
      source.addEventListener("live", (event: MessageEvent<string>) => {
        const change = JSON.parse(event.data) as Change;
        const whole = fresh;
        fresh = false;
        setPicture((before) => changed(before, change, Date.now(), whole));
      });
      source.addEventListener("event", (event: MessageEvent<string>) => {
        const one = JSON.parse(event.data) as Happened;
        last = Math.max(last, one.seq);
        setEvents((before) => withEvents(before, [one]));
      });
      source.addEventListener("error", () => {
        setLine("broken");
        // The browser tries again by itself, unless the server has refused.
        if (source?.readyState === EventSource.CLOSED) later = setTimeout(open, AGAIN);
      });
    };
    const start = async (): Promise<void> => {
      try {
        const { data } = await client.GET("/api/live/events", { params: { query: { limit: 200 } } });
        if (left || data === undefined) return;
        const held = data as Shape["LiveEventList"];
        last = held.items.at(-1)?.seq ?? 0;
        setEvents((before) => withEvents(before, held.items));
        setKinds(held.kinds);
        setFault(null);
        open();
      } catch (error) {
        if (left) return;
        setFault(error);
        later = setTimeout(() => void start(), AGAIN);
      }
    };
    void start();
    return () => {
      left = true;
      clearTimeout(later);
      source?.close();
    };
  }, []);
  return { picture, events, kinds, line, fault };
}

/** Seconds since a moment of this page, counted on. */
export function useSince(at: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const each = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(each);
  }, []);
  return Math.max(0, (now - at) / 1000);
}

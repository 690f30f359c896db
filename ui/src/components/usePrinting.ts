import { useSyncExternalStore } from "react";

const media = (): MediaQueryList => window.matchMedia("print");

/** True while the page is laid out for paper, where a list that draws only what is in view would be cut. */
export function usePrinting(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const query = media();
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => media().matches,
  );
}

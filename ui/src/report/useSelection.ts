import { useCallback, useEffect, useState } from "react";
import { hashOfSelection, selectionFromHash, type Selection } from "../model/selection";

/** The selection lives in the address, so that a link shows what its sender saw. */
export function useSelection(): [Selection, (part: Partial<Selection>) => void] {
  const [selection, setSelection] = useState(() => selectionFromHash(window.location.hash));
  useEffect(() => {
    const follow = (): void => setSelection(selectionFromHash(window.location.hash));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    const hash = hashOfSelection(selection);
    if (hash !== window.location.hash)
      window.history.replaceState(null, "", hash || window.location.pathname + window.location.search);
  }, [selection]);
  const change = useCallback((part: Partial<Selection>) => setSelection((before) => ({ ...before, ...part })), []);
  return [selection, change];
}

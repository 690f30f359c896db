/** How a run is drawn: its hue, and dashed where the hue comes a second time. */
export function Stroke({ hue, dashed }: { hue: number; dashed: boolean }) {
  return <i className={`stroke hue-${hue}${dashed ? " dashed" : ""}`} aria-hidden="true" />;
}

import type { Tile } from "../model/tiles";
import { Signed } from "./Signed";
import { Term } from "./Term";

export function Tiles({ tiles, leading = false }: { tiles: Tile[]; leading?: boolean }) {
  return (
    <dl className={leading ? "tiles leading" : "tiles"}>
      {tiles.map((tile) => (
        <div key={tile.name} className="tile">
          <dt>
            <Term meaning={tile.meaning}>{tile.name}</Term>
          </dt>
          <dd>
            <Signed of={tile.signed ?? null}>{tile.value}</Signed>
            {tile.under && <small>{tile.under}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

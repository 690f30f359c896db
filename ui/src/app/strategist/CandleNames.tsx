import type { Shape } from "../../api/client";

type Props = { files: Shape["CandleFile"][] | undefined; chosen: string[]; choose: (names: string[]) => void };

/** Candles of the home folder by name. */
export function CandleNames({ files, chosen, choose }: Props) {
  const toggle = (name: string): void =>
    choose(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <fieldset className="candle-names">
      <legend className="quiet">Candles</legend>
      {files === undefined && <span className="quiet">Reading the names.</span>}
      {files?.length === 0 && <span className="quiet">Put files into the home’s candles folder.</span>}
      {files?.map((file) => (
        <label key={file.name} className="check">
          <input type="checkbox" checked={chosen.includes(file.name)} onChange={() => toggle(file.name)} />
          {file.name}
        </label>
      ))}
    </fieldset>
  );
}

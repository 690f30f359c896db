import type { CSSProperties } from "react";
import { exact, percent } from "../model/format";
import type { Month, Year } from "../model/payload";
import { Scroll } from "./Scroll";

const NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Return by month: blue above zero, orange below, the stronger the larger; the sign is written. */
export function Months({ months, years }: { months: Month[]; years: Year[] }) {
  if (months.length === 0) return <p className="quiet">No equity was recorded.</p>;
  const largest = Math.max(...months.map((month) => Math.abs(month.return ?? 0)), 1e-9);
  const found = new Map(months.map((month) => [`${month.year}-${month.month}`, month]));
  return (
    <Scroll name="Return by month">
      <table className="plain months">
        <thead>
          <tr>
            <th scope="col">Year</th>
            {NAMES.map((name) => (
              <th scope="col" key={name} className="right">
                {name}
              </th>
            ))}
            <th scope="col" className="right">
              Year’s return
            </th>
          </tr>
        </thead>
        <tbody>
          {years.map((year) => (
            <tr key={year.year}>
              <th scope="row">{year.year}</th>
              {NAMES.map((name, index) => (
                <MonthCell key={name} month={found.get(`${year.year}-${index + 1}`)} largest={largest} />
              ))}
              <td className="right total">{percent(year.return, 2, true)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function MonthCell({ month, largest }: { month: Month | undefined; largest: number }) {
  if (month === undefined) return <td className="right none">·</td>;
  const heat = { "--heat": `${Math.round((Math.abs(month.return ?? 0) / largest) * 60)}%` } as CSSProperties;
  const title = `${exact(month.sets)} sets closed`;
  return (
    <td className={(month.return ?? 0) < 0 ? "right heat down" : "right heat up"} style={heat} title={title}>
      {percent(month.return, 2, true)}
    </td>
  );
}

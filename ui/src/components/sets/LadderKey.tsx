/** What the lines and marks of a set's chart mean, and whose charts they are. */
export function LadderKey({ barsPerCandle }: { barsPerCandle: number }) {
  return (
    <>
      <span>
        <i className="key line-profit" /> rung hit
      </span>
      <span>
        <i className="key dash-profit" /> not hit
      </span>
      <span>
        <i className="key dot-muted" /> cancelled or reduced
      </span>
      <span>
        <i className="key line-loss" /> stop
      </span>
      <span>▲▼ entry, ● exit, area = size</span>
      {barsPerCandle > 1 && <span>{barsPerCandle} bars a candle</span>}
      <a href="https://www.tradingview.com/" rel="noreferrer">
        Charts by TradingView
      </a>
    </>
  );
}

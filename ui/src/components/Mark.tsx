/** A ladder of three rungs, the last one still open. */
export function Mark() {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" className="mark">
      <path d="M2 15h6M5 10h6M8 5h4" />
      <circle cx="15" cy="5" r="1.6" />
    </svg>
  );
}

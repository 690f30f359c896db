/** Which pages to read so that at most `most` of them lie at equal distances over all rows: all, where that is enough. */
export function pagesOver(total: number, size: number, most: number): number[] {
  const count = Math.ceil(total / size);
  if (count <= most) return Array.from({ length: count }, (_, index) => index + 1);
  return Array.from({ length: most }, (_, index) => 1 + Math.round((index * (count - 1)) / (most - 1)));
}

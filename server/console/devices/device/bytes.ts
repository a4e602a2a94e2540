/** Size in decimal units, such as `512 GB` or `7.8 GB`. */
export function gigabytes(bytes: number): string {
  const giga = bytes / 1_000_000_000;
  return `${giga.toLocaleString('en', { maximumFractionDigits: giga < 10 ? 1 : 0 })} GB`;
}

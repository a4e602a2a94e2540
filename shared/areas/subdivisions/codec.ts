/**
 * Encoding of the index of subdivisions: a table of countries, then the codes and borders of each country as steps in thousandths of a
 * degree. Numbers are LEB128 varints; signed numbers use zigzag encoding.
 */

/** Line with the codes of the areas on its two sides. An empty code means another country or the sea. */
export interface Border {
  readonly sides: readonly [string, string];
  readonly points: readonly (readonly [number, number])[];
}

export interface CountryBorders {
  /** ISO 3166-1 code of the country. A side of a border has this code if the land belongs to the country but to no known subdivision. */
  readonly country: string;
  readonly borders: readonly Border[];
}

class Writer {
  readonly bytes: number[] = [];

  put(value: number): void {
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) this.bytes.push((left % 128) + 128);
    this.bytes.push(left);
  }

  step(value: number): void {
    this.put(value < 0 ? -2 * value - 1 : 2 * value);
  }

  text(value: string): void {
    const bytes = Buffer.from(value, 'ascii');
    this.put(bytes.length);
    this.bytes.push(...bytes);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  take(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) throw new RangeError('the index of subdivisions ends too early');
      this.at += 1;
      value += (byte % 128) * unit;
      if (byte < 128) return value;
    }
  }

  step(): number {
    const value = this.take();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  text(): string {
    const length = this.take();
    this.at += length;
    return Buffer.from(this.#bytes.subarray(this.at - length, this.at)).toString('ascii');
  }
}

export function encodeIndex(countries: readonly CountryBorders[]): Buffer {
  const sections = countries.map(({ country, borders }) => ({ country, bytes: encodeCountry(borders) }));
  const table = new Writer();
  table.put(sections.length);
  for (const { country, bytes } of sections) {
    table.text(country);
    table.put(bytes.length);
  }
  return Buffer.concat([Buffer.from(table.bytes), ...sections.map(({ bytes }) => bytes)]);
}

function encodeCountry(borders: readonly Border[]): Buffer {
  const out = new Writer();
  const codes = [...new Set(['', ...borders.flatMap(({ sides }) => sides)])].sort();
  out.text(codes.join(' '));
  out.put(borders.length);
  for (const { sides, points } of borders) {
    for (const side of sides) out.put(codes.indexOf(side));
    out.put(points.length);
    let [x, y] = [0, 0];
    for (const [toX, toY] of points) {
      out.step(toX - x);
      out.step(toY - y);
      [x, y] = [toX, toY];
    }
  }
  return Buffer.from(out.bytes);
}

export function readTable(bytes: Uint8Array): Map<string, number> {
  const reader = new Reader(bytes, 0);
  const lengths = Array.from({ length: reader.take() }, () => [reader.text(), reader.take()] as const);
  let { at } = reader;
  return new Map(
    lengths.map(([country, length]) => {
      at += length;
      return [country, at - length];
    }),
  );
}

/**
 * Edges of one country in flat arrays. `ends` has x1 y1 x2 y2 of each edge, in thousandths of a degree. `sides` has two indexes into
 * `codes`, for the areas on the edge's sides. `codes[0]` is empty.
 */
export interface CountryEdges {
  readonly codes: readonly string[];
  readonly ends: Int32Array;
  readonly sides: Uint16Array;
}

export function readCountry(bytes: Uint8Array, begin: number): CountryEdges {
  const reader = new Reader(bytes, begin);
  const codes = reader.text().split(' ');
  const ends: number[] = [];
  const sides: number[] = [];
  for (let borders = reader.take(); borders > 0; borders -= 1) {
    const [one, other, points] = [reader.take(), reader.take(), reader.take()];
    let [x, y] = [reader.step(), reader.step()];
    for (let i = 1; i < points; i += 1) {
      const [toX, toY] = [x + reader.step(), y + reader.step()];
      ends.push(x, y, toX, toY);
      sides.push(one, other);
      [x, y] = [toX, toY];
    }
  }
  return { codes, ends: Int32Array.from(ends), sides: Uint16Array.from(sides) };
}

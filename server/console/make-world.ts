/**
 * Generator of `world.json`, the outlines of the world map as SVG paths. Run `node server/console/make-world.ts` after an update of the
 * package world-atlas 2 (Natural Earth, public domain). The borders are only for display; `shared/areas` locates devices.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type GeoContext, geoNaturalEarth1, geoPath } from 'd3-geo';
import { iso31661 } from 'iso-3166';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';

type Atlas = Topology<{ countries: GeometryCollection<{ name: string }> }>;
const WIDTH = 1000;
const HEIGHT = 500;
/** Country area in square map units below which the map adds a dot, because the outline is too small to click. */
const SMALL = 14;

const alpha2 = new Map(iso31661.map(({ numeric, alpha2: code }) => [numeric, code]));
const NAMED = new Map([['Kosovo', 'XK']]);

function read(file: string) {
  const atlas: Atlas = JSON.parse(readFileSync(fileURLToPath(import.meta.resolve(`world-atlas/${file}`)), 'utf8'));
  return feature(atlas, atlas.objects.countries).features.map((shape) => ({
    shape,
    code: alpha2.get(String(shape.id).padStart(3, '0')) ?? NAMED.get(shape.properties.name) ?? null,
  }));
}

/** Writes an outline as integer steps relative to the previous point. Absolute decimals would need three times the space. */
class Pen implements GeoContext {
  text = '';
  #at: [number, number] = [0, 0];
  #open = false;

  moveTo(x: number, y: number): void {
    this.#at = [Math.round(x), Math.round(y)];
    this.text += `M${this.#at.join(' ')}`;
    this.#open = false;
  }

  lineTo(x: number, y: number): void {
    const [fromX, fromY] = this.#at;
    const [toX, toY] = [Math.round(x), Math.round(y)];
    if (toX === fromX && toY === fromY) return;
    const step = `${toX - fromX} ${toY - fromY}`;
    this.text += this.#open && !step.startsWith('-') ? ` ${step}` : this.#open ? step : `l${step}`;
    this.#at = [toX, toY];
    this.#open = true;
  }

  closePath(): void {
    this.text += 'z';
    this.#open = false;
  }

  beginPath(): void {
    this.text = '';
  }

  arc(): void {
    throw new Error('no country is a circle');
  }
}

const projection = geoNaturalEarth1().fitExtent(
  [
    [4, 4],
    [WIDTH - 4, HEIGHT + 26],
  ],
  { type: 'Sphere' },
);
const measure = geoPath(projection);
const land = read('countries-110m.json').filter(({ code }) => code !== 'AQ');
const drawn = new Set(land.map(({ code }) => code));

const shapes = land.map(({ shape, code }) => {
  const pen = new Pen();
  geoPath(projection, pen)(shape);
  return { code, d: pen.text.replaceAll(/M\d+ \d+z/g, '') };
});
const dots = [
  ...land.filter(({ shape }) => measure.area(shape) < SMALL),
  ...read('countries-50m.json').filter(({ code }) => !drawn.has(code)),
]
  .filter(({ code }) => code !== null && code !== 'AQ')
  .map(({ shape, code }) => {
    const [x = 0, y = 0] = measure.centroid(shape).map(Math.round);
    return { code, x, y };
  });

const out = fileURLToPath(import.meta.resolve('./overview/world.json'));
writeFileSync(out, `${JSON.stringify({ width: WIDTH, height: HEIGHT, shapes, dots })}\n`);
console.log(`${shapes.length} shapes, ${dots.length} dots`);

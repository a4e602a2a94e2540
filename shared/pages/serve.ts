/**
 * Server of built pages. All files are in memory by URL path, so that a request path never becomes a file path. The content security policy
 * allows only the page's own scripts, and one style element with a nonce.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** Placeholder in the built page (`vite-config.ts`) that the server replaces with the nonce of the style element. */
const NONCE = 'CSP_NONCE';
/** Cache header for files whose names contain a hash of their content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
export interface ServedPages {
  /** Folder of the build, checked for each page request, so that a new build appears without a restart. */
  readonly folder: string;
  /** First path segments for which the server sends no page, such as `api`. */
  readonly noPage: readonly string[];
  readonly notBuilt: string;
  /** Directives that replace or extend those of every page. */
  readonly policy?: Readonly<Record<string, readonly string[]>>;
}

interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly br: Buffer | null;
  readonly gzip: Buffer | null;
}

interface Built {
  readonly stamp: string;
  readonly page: string;
  readonly assets: ReadonlyMap<string, Asset>;
}

const NOTHING = ["'none'"];
const OWN = ["'self'"];
const DIRECTIVES = {
  defaultSrc: NOTHING,
  scriptSrc: OWN,
  styleSrc: OWN,
  imgSrc: ["'self'", 'data:'],
  connectSrc: OWN,
  fontSrc: OWN,
  baseUri: NOTHING,
  formAction: OWN,
  frameAncestors: NOTHING,
  // Trusted Types: scripts can turn text into neither elements nor code. `look/public/page-policy.js` contains the exception that React
  // needs.
  requireTrustedTypesFor: ["'script'"],
  trustedTypes: ['default'],
};
const nonces = new WeakMap<ServerResponse, string>();
const nonceOf = (_request: IncomingMessage, response: ServerResponse) => `'nonce-${nonces.get(response)}'`;
type Policy = ReturnType<typeof helmet.contentSecurityPolicy>;
const assetPolicy = helmet.contentSecurityPolicy({ useDefaults: false, directives: DIRECTIVES });

export function servePages({ folder, noPage, notBuilt, policy = {} }: ServedPages): RequestHandler {
  const pagePolicy = helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: { ...DIRECTIVES, ...policy, styleSrc: [...OWN, nonceOf] },
  });
  const no = new RegExp(`^/(?:assets|${noPage.join('|')})(?:/|$)`);
  let built: Promise<Built> | null = null;

  async function current(): Promise<Built | null> {
    try {
      const stamp = await stampOf(folder);
      if (built === null || (await built).stamp !== stamp) built = load(folder, stamp);
      return await built;
    } catch (error) {
      built = null;
      // There is no build, or a process is just moving a new build to this folder.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  }

  return async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const isPage = wantsPage(request, no);
    if (!isPage && no.test(request.path) && !request.path.startsWith('/assets/')) return next();
    const pages = isPage || built === null ? await current() : await built;
    const asset = pages?.assets.get(request.path);
    if (asset) return sendAsset(request, response, asset, next);
    if (!isPage) return next();
    if (pages) return sendPage(request, response, { page: pages.page, policy: pagePolicy }, next);
    response.status(503).set({ 'Cache-Control': 'no-store', Refresh: '3', 'Retry-After': '3' });
    response.type('text/plain').send(notBuilt);
  };
}

function wantsPage({ path, headers }: Request, noPage: RegExp): boolean {
  if (path === '/') return true;
  return !noPage.test(path) && /\btext\/html\b/.test(headers.accept ?? '');
}

function sendPage(
  request: Request,
  response: Response,
  { page, policy }: { readonly page: string; readonly policy: Policy },
  next: NextFunction,
): void {
  const nonce = randomBytes(16).toString('base64');
  nonces.set(response, nonce);
  policy(request, response, (error?: unknown) => {
    if (error !== undefined) return next(error);
    response.set('Cache-Control', 'no-store').type('text/html').send(page.replaceAll(NONCE, nonce));
  });
}

function sendAsset(request: Request, response: Response, asset: Asset, next: NextFunction): void {
  assetPolicy(request, response, (error?: unknown) => {
    if (error !== undefined) return next(error);
    const { plain, br, gzip } = asset;
    response.set('Cache-Control', request.path.startsWith('/assets/') ? IMMUTABLE : 'no-cache').type(asset.type);
    if (br !== null || gzip !== null) response.vary('Accept-Encoding');
    if (br !== null && request.acceptsEncodings('br')) response.set('Content-Encoding', 'br').send(br);
    else if (gzip !== null && request.acceptsEncodings('gzip')) response.set('Content-Encoding', 'gzip').send(gzip);
    else response.send(plain);
  });
}

async function stampOf(folder: string): Promise<string> {
  const { ino, mtimeMs } = await stat(join(folder, 'index.html'));
  return `${ino} ${mtimeMs}`;
}

async function load(folder: string, stamp: string): Promise<Built> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const bodies = new Map<string, Buffer>();
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue;
    const file = join(entry.parentPath, entry.name);
    bodies.set(`/${relative(folder, file).replaceAll(sep, '/')}`, await readFile(file));
  }
  const page = bodies.get('/index.html')?.toString() ?? '';
  bodies.delete('/index.html');
  const assets = new Map<string, Asset>();
  for (const [path, plain] of bodies) {
    const type = extname(path);
    if (type === '.br' || type === '.gz') continue;
    assets.set(path, { type, plain, br: bodies.get(`${path}.br`) ?? null, gzip: bodies.get(`${path}.gz`) ?? null });
  }
  return { stamp, page, assets };
}

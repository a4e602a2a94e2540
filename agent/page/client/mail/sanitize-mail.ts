/**
 * Makes the HTML text of a mail safe to display. The library DOMPurify removes scripts and everything that can act. The document also has a
 * content security policy that allows no request: the frame shows only text, and pictures in `data:` URLs.
 */
import DOMPurify from 'dompurify';

export interface SafeMail {
  /** Complete HTML document for the attribute `srcdoc` of a frame without scripts. */
  readonly document: TrustedDocument;
  /** True if the mail refers to content on the internet, which the document leaves out. */
  readonly isBlocked: boolean;
}
/** In browsers with Trusted Types, this value is a `TrustedHTML`, a type that TypeScript lacks. */
type TrustedDocument = string;

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";
const PICTURE = /^data:image\/(?:png|jpe?g|gif|webp|bmp);base64,[a-z0-9+/=\s]*$/i;
const LINK = /^(?:https?|mailto|tel):/i;
/** CSS functions that load content from an address, and escapes that could hide such a function. */
const LOADS = /url|image|src\s*\(|import|expression|\\/i;
const URL_ATTRIBUTES = new Set([
  'src',
  'srcset',
  'background',
  'poster',
  'href',
  'xlink:href',
  'action',
  'cite',
  'data',
]);

const SETTINGS = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: [
    'style',
    'form',
    'input',
    'button',
    'textarea',
    'select',
    'option',
    'dialog',
    'audio',
    'video',
    'source',
    'track',
    'picture',
    'map',
    'area',
  ],
  FORBID_ATTR: [
    'srcset',
    'background',
    'poster',
    'action',
    'formaction',
    'ping',
    'usemap',
    'autofocus',
    'tabindex',
    'contenteditable',
    'popover',
    'popovertarget',
    'id',
    'name',
    'class',
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
};

interface Policies {
  createPolicy(
    name: string,
    rules: { createHTML: (text: string) => string },
  ): { createHTML(text: string): TrustedDocument };
}
const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;
const asDocument = policies?.createPolicy('mail', { createHTML: (text) => text });

/** Makes a safe document from the HTML text of a mail. `pictures`: `data:` URLs of the pictures in the mail, by Content-ID. */
export function safeMail(html: string, pictures: ReadonlyMap<string, string>): SafeMail {
  let isBlocked = false;
  DOMPurify.addHook('uponSanitizeAttribute', (node, event) => {
    const { attrName: name, attrValue: value } = event;
    if (name === 'style' && LOADS.test(value)) {
      isBlocked ||= /url/i.test(value);
      event.keepAttr = false;
    }
    if (!URL_ATTRIBUTES.has(name)) return;
    const picture = name === 'src' && node.nodeName === 'IMG' ? pictureOf(value, pictures) : null;
    if (picture !== null) {
      event.attrValue = picture;
      return;
    }
    if (name === 'href' && node.nodeName === 'A' && LINK.test(value.trim())) return;
    isBlocked ||= name !== 'href' && /^(?:https?:)?\/\//i.test(value.trim());
    event.keepAttr = false;
  });
  DOMPurify.addHook('afterSanitizeAttributes', (node) => {
    if (node.nodeName !== 'A') return;
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer nofollow');
  });
  const clean = DOMPurify.sanitize(html, SETTINGS);
  DOMPurify.removeAllHooks();
  const text = `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="referrer" content="no-referrer"></head><body style="${BODY}">${clean}</body></html>`;
  return { document: asDocument?.createHTML(text) ?? text, isBlocked };
}

const BODY =
  'margin:16px;font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;color-scheme:light;overflow-wrap:anywhere';

function pictureOf(value: string, pictures: ReadonlyMap<string, string>): string | null {
  const found = /^cid:/i.test(value) ? pictures.get(contentIdIn(value)) : value;
  return found !== undefined && PICTURE.test(found) ? found : null;
}

/** Content-ID that a `cid:` URL names. Such a URL encodes special characters of the Content-ID (RFC 2392). */
export function contentIdIn(url: string): string {
  const id = url.slice('cid:'.length);
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/**
 * What the page's content security policy (`shared/pages/serve.ts`) asks of its scripts. A file of its own, loaded before the modules: once they
 * are bundled, none of them can be sure to run first.
 */

// Zod would try whether it may make code out of text, which the policy refuses and the browser reports.
globalThis.__zod_globalConfig = { jitless: true };

// Under this name the library that holds the page still behind a dialog looks for the nonce of its style element.
globalThis.__webpack_nonce__ = document.currentScript?.nonce;

// Text may go where HTML goes (that is how React fills a style element) as long as it opens no element.
globalThis.trustedTypes?.createPolicy('default', { createHTML: (text) => (/<[a-z/!?]/i.test(text) ? null : text) });

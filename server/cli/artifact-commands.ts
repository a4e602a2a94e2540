/** Subcommands for versioned artifacts, such as IP databases: `compare`, `activate` and `rollback`. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { Cli } from './cli.ts';

interface ArtifactKind<Artifact extends z.ZodType, Comparison extends z.ZodType> {
  readonly noun: string;
  readonly path: string;
  /** Name of the command-line argument that identifies an artifact, such as an IP database. */
  readonly key: string;
  readonly activation: string;
  readonly artifact: Artifact;
  readonly comparison: Comparison;
  readonly subject: (artifact: z.output<Artifact>) => string;
  readonly comparisonLines: (comparison: z.output<Comparison>) => string[];
}

/**
 * Adds the subcommands for IP databases or territory policies (versioned artifacts) to the command `parent`. Returns a function that
 * activates an artifact, for the option `--activate` of the import command.
 */
export function addArtifactCommands<Artifact extends z.ZodType, Comparison extends z.ZodType>(
  parent: Command,
  cli: Cli,
  kind: ArtifactKind<Artifact, Comparison>,
): (key: string) => Promise<z.output<Artifact>> {
  const { noun, path, artifact } = kind;
  const activate = (key: string) => cli.client().call(artifact, 'POST', `${path}/${encodeURIComponent(key)}/activate`);
  parent
    .command('compare')
    .description(`Preview the impact of activating another ${noun}. Nothing changes`)
    .argument(`<${kind.key}>`)
    .action(async (key: string) => {
      const view = await cli.client().call(kind.comparison, 'GET', `${path}/${encodeURIComponent(key)}/comparison`);
      cli.out().show(view, kind.comparisonLines(view));
    });
  parent
    .command('activate')
    .description(kind.activation)
    .argument(`<${kind.key}>`)
    .action(async (key: string) => {
      const view = await activate(key);
      cli.out().show(view, [`${kind.subject(view)} is active.`]);
    });
  parent
    .command('rollback')
    .description(`Roll back to the previous ${noun}`)
    .action(async () => {
      const view = await cli.client().call(artifact, 'POST', `${path}/rollback`);
      cli.out().show(view, [`${kind.subject(view)} is active again.`]);
    });
  return activate;
}

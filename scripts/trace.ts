/** Tells the way of a record as the nodes that run on this machine know it, step by step with block and time. */
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, nodesHere } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { nodeNamed } from '../src/domain/nodeNamed.ts';
import { traceAtNodes } from '../src/node/traceAtNodes.node.ts';
import { stepText } from '../src/trace/joinTraces.ts';

const command = {
  usage: 'npm run trace -- RECORD [--at NODE] [--json] [--network NAME] [--deployments DIR]',
  options: {
    at: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    network: { type: 'string' },
    deployments: { type: 'string' },
  },
  least: 1,
  most: 1,
} as const;

await runCommand(async () => {
  const { values, positionals } = commandLine(command, process.argv.slice(2));
  const { at, json, network, deployments } = values;
  const environment = processEnvironment();
  const here = await nodesHere(environment, loadDeployment(environment, { network, deployments }));
  const nodes = at === undefined ? here : [...new Set(at.map((name) => nodeNamed(here, name)))];
  const { steps, silent } = await traceAtNodes(positionals[0] ?? '', nodes);
  if (json) console.log(JSON.stringify(steps, undefined, 2));
  else for (const step of steps) console.log(stepText(step));
  if (silent.length > 0) console.error(`Not asked, because they do not run: ${silent.join(', ')}.`);
});

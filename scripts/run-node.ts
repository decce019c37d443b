/** Runs one node of a network until it is told to stop (SIGINT or SIGTERM); its log goes to standard output. */
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadConfig } from '../src/config/nodeConfig.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { runNode } from '../src/node/daemon.ts';
import { jsonLog } from '../src/node/jsonLog.ts';

const command = {
  usage: 'npm run run-node -- FOLDER, one of the folders that deploy-network made',
  options: {},
  least: 1,
  most: 1,
} as const;

await runCommand(async () => {
  const [folder = ''] = commandLine(command, process.argv.slice(2)).positionals;
  const config = await loadConfig(processEnvironment(), folder);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await runNode(config, jsonLog(config.name), stop.signal);
});

/** Checks an export offline; with --rpc also what only the chain can say. */
import { httpRpc } from '../src/chain/httpRpc.ts';
import { checkOnChain } from '../src/client/export/checkOnChain.ts';
import { verificationText } from '../src/client/export/verificationText.ts';
import { readExport } from '../src/client/export/exportFile.node.ts';
import { verifyExport } from '../src/client/export/exportRecord.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';

const command = {
  usage: 'npm run verify-export -- FILE [--rpc URL] [--json]',
  options: { rpc: { type: 'string' }, json: { type: 'boolean', default: false } },
  least: 1,
  most: 1,
} as const;

await runCommand(async () => {
  const { values, positionals } = commandLine(command, process.argv.slice(2));
  const verification = verifyExport(await readExport(positionals[0] ?? ''));
  const { place, claims, ok } = verification;
  const onChain =
    values.rpc === undefined || place === undefined
      ? undefined
      : await checkOnChain(claims, place, httpRpc(values.rpc));
  if (values.json) {
    const told = (_: string, value: unknown): unknown =>
      typeof value === 'bigint' ? value.toString() : value;
    console.log(JSON.stringify({ ...verification, onChain }, told, 2));
  } else for (const line of verificationText(verification, onChain)) console.log(line);
  const differs = onChain?.some(({ result }) => result === 'differs') ?? false;
  if (!ok || differs) process.exitCode = 1;
});

/** Checks an export offline; with --rpc also what only the chain can say, with --receipt also what a reader shows. */
import { httpRpc } from '../src/chain/httpRpc.ts';
import { checkOnChain } from '../src/client/export/checkOnChain.ts';
import { verificationText } from '../src/client/export/verificationText.ts';
import { readExport } from '../src/client/export/exportFile.node.ts';
import { receiptInExport } from '../src/client/export/receiptInExport.ts';
import { readReceiptFile } from '../src/client/reading/readByCommand.node.ts';
import { verifyExport } from '../src/client/export/exportRecord.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';

const command = {
  usage: 'npm run verify-export -- FILE [--receipt FILE] [--rpc URL] [--json]',
  options: {
    receipt: { type: 'string' },
    rpc: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  least: 1,
  most: 1,
} as const;

await runCommand(async () => {
  const { values, positionals } = commandLine(command, process.argv.slice(2));
  const file = values.receipt === undefined ? undefined : await readReceiptFile(values.receipt);
  const exported = await readExport(positionals[0] ?? '');
  const verification = verifyExport(exported);
  const { place, claims, ok } = verification;
  const onChain =
    values.rpc === undefined || place === undefined
      ? undefined
      : await checkOnChain(claims, place, httpRpc(values.rpc));
  if (!values.json) for (const line of verificationText(verification, onChain)) console.log(line);
  let held: ReturnType<typeof receiptInExport> | undefined;
  try {
    // Also where the log is faulty: it may hide this very receipt. What is no export was told above.
    if (file !== undefined && place !== undefined) held = receiptInExport(exported, file);
  } finally {
    const told = (_: string, value: unknown): unknown =>
      typeof value === 'bigint' ? value.toString() : value;
    if (values.json)
      console.log(JSON.stringify({ ...verification, onChain, receipt: held }, told, 2));
    else for (const line of held?.lines ?? []) console.log(line);
  }
  const differs = onChain?.some(({ result }) => result === 'differs') ?? false;
  if (!ok || differs || held?.ok === false) process.exitCode = 1;
});

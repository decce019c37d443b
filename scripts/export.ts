/** Writes the whole record of a patient, with consents, receipts and what proves them, into one file. */
import { exportByCommand } from '../src/client/export/exportByCommand.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { PLACE, PLACE_USAGE, placesOf, print, WALLET, WALLET_USAGE } from './places.ts';

const command = {
  usage: `npm run export -- FILE [--chinese] ${WALLET_USAGE} ${PLACE_USAGE}`,
  options: { chinese: { type: 'boolean', default: false }, ...WALLET, ...PLACE },
  least: 1,
  most: 1,
} as const;

await runCommand(async () => {
  const { values, positionals } = commandLine(command, process.argv.slice(2));
  const { config, manifestFile, walletFile } = placesOf(values);
  const { lines, silent } = await exportByCommand(config, {
    file: positionals[0] ?? '',
    manifestFile,
    walletFile,
    language: values.chinese ? 'zh-CN' : 'en',
  });
  print(lines);
  for (const line of silent) console.error(line);
  if (silent.length > 0) process.exitCode = 1;
});

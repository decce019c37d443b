/**
 * Shows the patient who opened her records at each node where she is enrolled, and whether the logs hold; or whether the
 * receipt that a reader shows her stands in the log of its holder.
 */
import { openDesk } from '../src/client/consent/consentDesk.node.ts';
import { readReceiptFile } from '../src/client/reading/readByCommand.node.ts';
import { holdReceipt, whoLookedEverywhere } from '../src/client/reading/whoLookedText.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { PLACE, PLACE_USAGE, placesOf, print, text, WALLET, WALLET_USAGE } from './places.ts';

const command = {
  usage: `npm run who-looked -- [--receipt FILE] ${WALLET_USAGE} ${PLACE_USAGE}`,
  options: { receipt: text, ...WALLET, ...PLACE },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  const { config, manifestFile, walletFile } = placesOf(values);
  const receipt = values.receipt === undefined ? undefined : await readReceiptFile(values.receipt);
  using desk = await openDesk(config, manifestFile, walletFile);
  const { wallet, manifest, ways } = desk;
  const { lines, ok } =
    receipt === undefined
      ? await whoLookedEverywhere(wallet, manifest, ways)
      : await holdReceipt(wallet, manifest, ways, receipt);
  print(lines);
  if (!ok) process.exitCode = 1;
});

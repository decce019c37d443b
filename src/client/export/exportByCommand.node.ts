import { edgeContracts } from '../../chain/contracts.ts';
import { httpRpc } from '../../chain/httpRpc.ts';
import { loadManifest } from '../../chain/manifestFile.ts';
import type { Language } from '../../fhir/views/narrative.ts';
import { assertExportable, writeExport } from './exportFile.node.ts';
import { exportRecord } from './exportRecord.ts';
import { exportChain, gatherExport } from './gatherExport.ts';
import { httpsWays } from '../httpsWays.node.ts';
import { plainLine } from '../plainLine.ts';
import { terminalOf } from '../terminal.node.ts';
import { slotSecret } from '../wallet/unlock.node.ts';
import { openWalletFile } from '../wallet/walletFile.node.ts';

export interface ExportOrder {
  readonly file: string;
  readonly manifestFile: string;
  readonly walletFile: string;
  readonly language: Language;
}

export interface ExportTold {
  /** What was written. */
  readonly lines: readonly string[];
  /** Nodes that did not give all that they may have, a line each. */
  readonly silent: readonly string[];
}

/**
 * What the `export` command does: opens the wallet, asks network and chain, writes the file.
 * @throws as `assertExportable`, `loadManifest`, `slotSecret`, `openWalletFile`, `gatherExport` and `writeExport`
 */
export async function exportByCommand(
  config: { readonly rpcUrl: string; readonly passphraseFile?: string | undefined },
  { file, manifestFile, walletFile, language }: ExportOrder,
): Promise<ExportTold> {
  await assertExportable(file);
  const terminal = terminalOf(process.stdin, process.stderr);
  const secret = await slotSecret('passphrase', { ...config, terminal });
  const wallet = await openWalletFile(walletFile, secret);
  const rpc = httpRpc(config.rpcUrl);
  const manifest = await loadManifest(manifestFile, rpc);
  const chain = await exportChain(manifest, edgeContracts(manifest, rpc), rpc);
  const ways = await httpsWays(manifest, rpc);
  const gathered = gatherExport(wallet, manifest, ways, chain, language);
  const { sources, silent } = await gathered.finally(() => ways.close());
  const form = await writeExport(file, exportRecord(sources));
  const { records, consents, logs } = sources;
  return {
    lines: [
      `${file} (${form}) holds ${records.length} records of her history, ${consents.length} consents`,
      `and the receipt logs of ${logs.length} nodes, readable by whoever has it.`,
      `Check it with: npm run verify-export -- ${file}`,
    ],
    silent: silent.map(({ nodeId, name, lacks, error }) =>
      plainLine(`${name ?? nodeId} did not give its ${lacks} (${error.code}): ${error.message}`),
    ),
  };
}

import type { ClaimVerdict } from './checkOnChain.ts';
import type { ChainClaim, Verification } from './findings.ts';
import { steerless } from '../plainLine.ts';

/** A claim in words, as it is looked up. */
export function claimText(claim: ChainClaim): string {
  switch (claim.kind) {
    case 'nodeKey':
      return `NodeRegistry: key ${claim.keyEpoch} of node ${claim.nodeId} is ${claim.account}`;
    case 'authority':
      return `PatientRegistry: ${claim.account} signs for patient ${claim.patientId}`;
    case 'block':
      return `block ${claim.number} is ${claim.hash}, of time ${claim.time}`;
    case 'status':
      return `ConsentRegistry: consent ${claim.digest} of ${claim.signer} is ${STATES[claim.state] ?? 'unknown'}`;
    case 'contractSignature':
      return `the contract wallet ${claim.signer} takes its signature of ${claim.digest}`;
    case 'anchored':
      return `AccessLedger: node ${claim.holder} anchored ${claim.size} receipts under ${claim.root} in block ${claim.block}`;
    case 'batch':
      return `RecordExchange: request ${claim.request} anchored the batch ${claim.batchRoot}`;
  }
}

const STATES: Readonly<Record<number, string>> = { 0: 'not granted', 1: 'active', 2: 'revoked' };

/** The whole verdict, a line each; `onChain` where a chain was asked. */
export function verificationText(
  { ok, findings, checked, claims, unchecked }: Verification,
  onChain?: readonly ClaimVerdict[],
): string[] {
  const { records, consents, receipts, views } = checked;
  const head = ok
    ? `The export holds: ${records} records, ${consents} consents, ${receipts} receipts, ${views} FHIR views.`
    : `THE EXPORT IS NOT WHAT WAS WRITTEN OR SIGNED: ${findings.length} findings.`;
  return [
    head,
    ...findings.map(({ code, at, text }) => `  ${code}, ${at}: ${text}`),
    ...(unchecked.length === 0 ? [] : ['Not checked:']),
    ...unchecked.map((text) => `  ${text}`),
    ...(onChain === undefined ? claimLines(claims) : chainLines(onChain)),
  ].map(steerless);
}

const claimLines = (claims: readonly ChainClaim[]): string[] => [
  'No file can prove that these stand on the chain; --rpc URL compares them:',
  ...claims.map((claim) => `  ${claimText(claim)}`),
];

const chainLines = (onChain: readonly ClaimVerdict[]): string[] => [
  'On the chain:',
  ...onChain.map(
    ({ claim, result, detail }) =>
      `  ${result.toUpperCase()}: ${claimText(claim)}${detail === '' ? '' : ` (${detail})`}`,
  ),
];

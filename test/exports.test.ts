import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { build } from 'esbuild';
import * as client from '../src/client/index.ts';
import * as carelattice from '../src/index.ts';
import * as localnet from '../src/localnet/index.ts';
import * as node from '../src/node/index.ts';

/** What is public is this list: a change of it is a change for every user. */
describe('the package doors', () => {
  it('offer exactly these names', () => {
    expect({
      '.': Object.keys(carelattice).sort(),
      './client': Object.keys(client).sort(),
      './node': Object.keys(node).sort(),
      './localnet': Object.keys(localnet).sort(),
    }).to.deep.equal({
      '.': [
        'CATEGORIES',
        'CarelatticeError',
        'groupRecords',
        'hasCode',
        'messageOf',
        'outcomeText',
        'readBundle',
        'rejectedOutcome',
        'typedDataOf',
        'typedDigest',
        'validateBundle',
      ],
      './client': [
        'adoptRotation',
        'approve',
        'ask',
        'authorityOf',
        'breakGlass',
        'bring',
        'cardText',
        'completeAuthorityItem',
        'draftConsent',
        'draftGuardianship',
        'endEmergency',
        'enroll',
        'eraseRecords',
        'exportChain',
        'exportRecord',
        'exportText',
        'freezeAuthorityFields',
        'freezeAuthorityItem',
        'gatherExport',
        'guardianApproval',
        'guardianCard',
        'guardianCards',
        'guardianShareText',
        'isErasureReceipt',
        'keySigner',
        'lacksEmergencyCard',
        'lastHolderOf',
        'makeEmergencyCard',
        'networkOf',
        'newCircle',
        'newRecoveryCode',
        'newWallet',
        'openErasures',
        'openWallet',
        'ownRecords',
        'parseReadPackage',
        'placesUnder',
        'presentCard',
        'printedCard',
        'readCard',
        'readGuard',
        'readGuardianFile',
        'readGuardianShare',
        'readInbox',
        'readPackageFor',
        'readPackageText',
        'readRecords',
        'readSealedWallet',
        'recoverAuthorityFields',
        'recoverAuthorityItem',
        'recoverNetwork',
        'removeWalletSlot',
        'renewKeys',
        'renewWalletSlot',
        'retryErasures',
        'revokeAll',
        'revokeConsent',
        'revokeDelegated',
        'rewrapAt',
        'rotate',
        'rotationOf',
        'sealWallet',
        'sealWalletKey',
        'setGuardians',
        'setInboxKey',
        'signConsent',
        'signingTask',
        'stepScopes',
        'storageReceipts',
        'summaryBundle',
        'takeGuardianship',
        'verifyExport',
        'veto',
        'walletForMinor',
        'whoLooked',
        'withNewRoot',
        'withdraw',
        'withdrawEmergencyCard',
      ],
      './node': ['fhirReader', 'openHeld', 'openNode', 'submit', 'traceRecord'],
      './localnet': ['deployEdge', 'startAnvilChain', 'startNetwork', 'startSimulatedChain'],
    });
  });

  it('are the doors that package.json names', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object };
    expect(Object.keys(exports)).to.deep.equal([
      '.',
      './client',
      './node',
      './localnet',
      './contracts',
    ]);
  });

  it('let a browser take the client: it pulls no module of Node', async () => {
    const { metafile } = await build({
      entryPoints: ['src/client/index.ts'],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
    });
    const imported = Object.values(metafile.inputs).flatMap(({ imports }) =>
      imports.map(({ path }) => path),
    );
    expect(
      imported.filter((path) => path.startsWith('node:') || path.endsWith('.node.ts')),
    ).to.deep.equal([]);
  });
});

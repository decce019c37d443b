import { fileURLToPath } from 'node:url';
import toolbox from '@nomicfoundation/hardhat-toolbox-mocha-ethers';
import { defineConfig } from 'hardhat/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// The JavaScript build of solc from the lock file: compiling needs no download.
const compiler = {
  version: '0.8.37',
  path: fileURLToPath(import.meta.resolve('solc/soljson.js')),
};
// Also while developing: without it the registries come near the limit on code.
const settings = { evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 } };

export default defineConfig({
  plugins: [toolbox],
  solidity: {
    profiles: {
      default: { ...compiler, settings },
      production: {
        ...compiler,
        isolated: false,
        settings: { ...settings, viaIR: true },
      },
    },
  },
  paths: { tests: { mocha: './test', solidity: './test/contracts' } },
  typechain: { outDir: here('./typechain-types') },
  networks: {
    edge: {
      type: 'edr-simulated',
      chainType: 'l1',
      chainId: 1001,
      allowUnlimitedContractSize: false,
    },
    twin: { type: 'edr-simulated', chainType: 'l1', chainId: 1002 },
  },
  test: {
    mocha: { timeout: 120_000 },
    solidity: { fuzz: { runs: 256 }, invariant: { runs: 64, depth: 64 } },
  },
});

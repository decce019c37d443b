// npm on Node 20 silently skips optional packages whose `engines` ask for Node 22 (npm itself stays on the
// system's Node, while `npm run` uses ours). Drop that line for EDR, Hardhat's EVM, after each change of the lock file.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path.includes('@nomicfoundation/edr-')) delete entry.engines;
}
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);

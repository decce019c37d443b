// The one door of `npm run`: plain JavaScript, so that an old Node gets a sentence, not a stack trace.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 2)) {
  console.error(
    `Carelattice needs Node 24.2 or later; this is ${process.versions.node}. ` +
      'On Linux (x64, arm64) and Windows (x64) `npm ci` brings it along: start through `npm run`. Elsewhere install Node 24.',
  );
  process.exit(1);
}
const [name] = process.argv.splice(2, 1);
process.removeAllListeners('warning');
await import(`./${name}.ts`);

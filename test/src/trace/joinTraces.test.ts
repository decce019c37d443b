import { expect } from 'chai';
import { joinTraces, stepText } from '../../../src/trace/joinTraces.ts';
import type { TraceStep } from '../../../src/trace/trace.ts';

const step = (name: TraceStep['step'], node: string, more: Partial<TraceStep> = {}): TraceStep => ({
  step: name,
  node,
  time: 10,
  words: `${node} tells`,
  ...more,
});

describe('Joining what nodes tell of a record', () => {
  it('keeps each node’s own steps, and each step on chain once, as the author tells it', () => {
    const holder = [
      step('requested', 'its author', { block: 5 }),
      step('delivered', 'Bayside', { time: 20 }),
      step('settled', 'consensus node', { block: 9, time: 30, words: '2 settlements' }),
    ];
    const author = [
      step('sealed', 'First'),
      step('requested', 'First', { block: 5 }),
      step('delivered', 'First', { time: 19 }),
      step('settled', 'consensus node', { block: 9, time: 30, words: 'every holder has it' }),
    ];
    const joined = joinTraces([holder, author]);
    expect(joined.map(({ step: name, node }) => `${name} ${node}`)).to.deep.equal([
      'sealed First',
      'requested First',
      'delivered First',
      'delivered Bayside',
      'settled consensus node',
    ]);
    expect(joined.at(-1)?.words).to.equal('every holder has it');
  });

  it('keeps apart what two nodes of one name tell', () => {
    const [one, other] = [step('delivered', 'North'), step('delivered', 'North', { time: 20 })];
    expect(joinTraces([[one], [other]])).to.deep.equal([one, other]);
  });

  it('writes a step with its block and time where it has them', () => {
    expect(stepText(step('settled', 'N', { block: 9, time: 0 }))).to.match(
      /^settled +block 9 +N +N tells$/,
    );
    expect(stepText(step('sealed', 'N'))).to.contain('1970-01-01T00:00:10.000Z');
  });

  it('hostile: writes one line, whatever a node calls itself', () => {
    expect(stepText(step('sealed', 'N\n\u001b[2Jsealed'))).to.match(/ N \[2Jsealed /);
  });
});

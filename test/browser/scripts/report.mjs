// What the scripts are told and what they tell: JSON on their standard input,
// and one line of JSON on their standard output for each thing they looked at.
import { text } from 'node:stream/consumers';

export const input = JSON.parse(await text(process.stdin));

// A finding is a sentence; none means that all is well. What else there is to
// say goes along: values that were measured, and files that were written.
export function report(name, findings, more = {}) {
  process.stdout.write(JSON.stringify({ name, findings, ...more }) + '\n');
}

// inTwo does all jobs, two at a time, each hand with a tool of its own.
export async function inTwo(jobs, tool, work) {
  const waiting = [...jobs];
  await Promise.all([1, 2].map(async () => {
    const mine = await tool();
    try {
      await drain(waiting, (job) => work(mine, job));
    } finally {
      await mine.close();
    }
  }));
}

// withOne does all jobs with one tool, several at a time.
export async function withOne(hands, jobs, tool, work) {
  const waiting = [...jobs];
  const shared = await tool();
  try {
    await Promise.all(Array.from({ length: hands }, () => drain(waiting, (job) => work(shared, job))));
  } finally {
    await shared.close();
  }
}

async function drain(waiting, work) {
  for (let job = waiting.shift(); job; job = waiting.shift()) await work(job);
}

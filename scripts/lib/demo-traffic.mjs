// Real requests for the demo: the weather of past evenings, sent to the service that the example runs.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { until } from './demo.mjs';

const ABOUT = ['station', 'at', 'rain_tomorrow'];

/** The rows of the training set: the header line, the lines, and each as features with its date. */
export function pastDays(folder) {
  const [head, ...lines] = readFileSync(path.join(folder, 'data/training.csv'), 'utf8').trim().split('\n');
  const names = head.split(',');
  return {
    head,
    days: lines.map((line) => {
      const cells = line.split(',');
      const row = Object.fromEntries(names.map((name, index) => [name, cells[index]]));
      const features = names.filter((name) => !ABOUT.includes(name)).map((name) => [name, Number(row[name])]);
      return { line, at: row.at, month: Number(row.at.slice(5, 7)), features: Object.fromEntries(features) };
    }),
  };
}

/** One request. Status 0: there was no whole answer. */
export function ask(url, { body, agent = false } = {}) {
  return new Promise((resolve) => {
    const failed = (error) => resolve({ status: 0, text: error.message });
    const options = { method: body === undefined ? 'GET' : 'POST', agent };
    const request = http.request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => (text += part));
      response.once('error', failed);
      response.once('end', () =>
        resolve({
          status: response.complete ? response.statusCode : 0,
          release: response.headers['x-modelyard-release'],
          text,
        }),
      );
    });
    request.setHeader('content-type', 'application/json');
    request.once('error', failed);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Asks about one day after the other over two connections that are kept, until it is stopped. */
export class Traffic {
  asked = 0;
  failed = [];
  /** Releases that have answered. */
  releases = new Set();
  #stopped = false;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 2 });

  constructor(url, days) {
    this.loops = [0, 1].map((first) => this.#loop(`${url}/predict`, days, first));
  }

  async #loop(url, days, first) {
    for (let index = first; !this.#stopped; index += 2) {
      const body = days[index % days.length].features;
      const { status, release, text } = await ask(url, { body, agent: this.#agent });
      this.asked++;
      if (release !== undefined) this.releases.add(release);
      if (status !== 200) this.failed.push(`${status} ${text}`);
    }
  }

  /** Waits until some more were answered, and ends it. */
  async stop() {
    const goal = this.asked + 10;
    await until('requests are answered', () => this.asked >= goal);
    this.#stopped = true;
    await Promise.all(this.loops);
    this.#agent.destroy();
  }
}

// What a page costs: its bytes on the wire, with everything that it loads.
export function weigh(page) {
  return page.evaluate(() => {
    const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    return {
      // What came from the cache costs nothing today; it did the first time.
      bytes: all.reduce((sum, e) => sum + Math.max(e.transferSize, e.encodedBodySize), 0),
      files: all.map((e) => new URL(e.name).pathname),
    };
  });
}

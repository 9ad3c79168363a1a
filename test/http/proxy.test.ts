import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proxiesOf, proxyFor, proxyPasswords, proxyProblems } from '../../src/http/proxy.ts';

describe('the proxies of the environment', () => {
  it('are named in either case, the lower one first, with or without a scheme', () => {
    expect(proxiesOf({ HTTPS_PROXY: 'http://a:1', https_proxy: 'b:2', NO_PROXY: 'x' })).toEqual({
      http: '',
      https: 'http://b:2',
      none: 'x',
    });
    expect(proxiesOf({ HTTP_PROXY: ' http://a:1 ', http_proxy: '' })).toMatchObject({ http: 'http://a:1' });
  });

  it('are used for their own scheme, and never for this machine', () => {
    const proxies = proxiesOf({ HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:1' });
    expect(proxyFor(new URL('https://api.devin.ai'), proxies)).toBe('http://s:1');
    expect(proxyFor(new URL('http://ghes.example'), proxies)).toBe('http://p:1');
    for (const here of ['http://127.0.0.1:8787', 'https://localhost', 'http://[::1]:1']) {
      expect(proxyFor(new URL(here), proxies), here).toBeUndefined();
    }
    expect(proxyFor(new URL('https://api.devin.ai'), proxiesOf({ HTTP_PROXY: 'http://p:1' }))).toBeUndefined();
  });

  it('are reported if they are no address, without the value, which may contain a password', () => {
    for (const wrong of ['http://', 'ftp://proxy:1', 'http://user:hunter2@', 'http://a b', '://x', 'proxy:port']) {
      const problems = proxyProblems({ HTTPS_PROXY: wrong });
      expect(problems, wrong).toMatchObject([{ input: 'HTTPS_PROXY', message: expect.stringContaining('http://') }]);
      expect(JSON.stringify(problems)).not.toContain('hunter2');
    }
    for (const right of ['', ' ', 'proxy:8080', 'http://proxy', 'https://user:pw@proxy:1', 'http://[::1]:3128']) {
      expect(proxyProblems({ HTTPS_PROXY: right, http_proxy: right }), right).toEqual([]);
    }
  });

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (https, http) => {
        const env = { HTTPS_PROXY: https, http_proxy: http };
        expect(proxyProblems(env).length).toBeLessThanOrEqual(2);
        for (const password of proxyPasswords(env)) expect(password).not.toBe('');
      }),
    );
  });

  it('give away their passwords only to be hidden', () => {
    expect(proxyPasswords({ HTTPS_PROXY: 'http://u:p%40ss@proxy:1', http_proxy: 'proxy' })).toEqual(['p%40ss', 'p@ss']);
    expect(proxyPasswords({ HTTPS_PROXY: 'http://u:50%25%@proxy:1' })[0]).toContain('50%');
  });
});

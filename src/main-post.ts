// The entry of the post step, which the runner starts after every job. Where the main step left nothing, which is nearly
// always so, it loads nothing. scripts/build.ts makes dist/post.js of it, beside the bundle that it needs otherwise.
const left = ([name, value]: [string, string | undefined]) =>
  name.toUpperCase().startsWith('STATE_DEVIN_') && value !== undefined && value !== '';

if (Object.entries(process.env).some(left)) {
  process.argv[2] = 'post';
  await import('./main.ts');
}

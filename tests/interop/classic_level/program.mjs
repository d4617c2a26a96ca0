// Lets tests see a LevelDB directory through classic-level, and makes fixtures with it.
//
//   node program.mjs read DIRECTORY     print every pair as iteration gives it, then as get gives it, as JSON lines
//   node program.mjs write DIRECTORY    follow the script on standard input (tests/fixtures/generate/workload.py)
//
// Both open the directory read-write, so give them a copy.
import { readFileSync } from 'node:fs'
import { ClassicLevel } from 'classic-level'

const [verb, directory] = process.argv.slice(2)
const binary = { keyEncoding: 'buffer', valueEncoding: 'buffer' }

async function read () {
  const db = new ClassicLevel(directory, { ...binary, createIfMissing: false })
  await db.open()
  const lines = []
  const keys = []
  for await (const [key, value] of db.iterator()) {
    keys.push(key)
    lines.push({ how: 'iterated', k: key.toString('hex'), v: value.toString('hex') })
  }
  for (const key of keys) {
    const value = await db.get(key)
    lines.push({ how: 'got', k: key.toString('hex'), v: value.toString('hex') })
  }
  await db.close()
  process.stdout.write(lines.map(line => JSON.stringify(line) + '\n').join(''))
}

const bytes = field => field === '-' ? Buffer.alloc(0) : Buffer.from(field, 'hex')

function change ([verb, key, value]) {
  return verb === 'delete' ? { type: 'del', key: bytes(key) } : { type: 'put', key: bytes(key), value: bytes(value) }
}

async function write () {
  const open = async () => {
    const db = new ClassicLevel(directory, { ...binary, writeBufferSize: 65536, blockSize: 1024 })
    await db.open()
    return db
  }
  let db = await open()
  const lines = readFileSync(0, 'ascii').trim().split('\n').map(line => line.split(' '))
  for (let at = 0; at < lines.length; at++) {
    const [verb, count] = lines[at]
    if (verb === 'put' || verb === 'delete') {
      await db.batch([change(lines[at])])
    } else if (verb === 'batch') {
      await db.batch(lines.slice(at + 1, at + 1 + Number(count)).map(change))
      at += Number(count)
    } else if (verb === 'flush') {
      await db.compactRange(Buffer.from([0]), Buffer.alloc(64, 255))
    } else if (verb === 'reopen') {
      await db.close()
      db = await open()
    } else if (verb === 'kill') {
      process.kill(process.pid, 'SIGKILL')
    } else {
      throw new Error(`unknown instruction ${verb}`)
    }
  }
  await db.close()
}

await (verb === 'read' ? read() : write())

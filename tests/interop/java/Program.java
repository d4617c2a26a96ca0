import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.iq80.leveldb.DB;
import org.iq80.leveldb.DBFactory;
import org.iq80.leveldb.DBIterator;
import org.iq80.leveldb.Options;
import org.iq80.leveldb.WriteBatch;
import org.iq80.leveldb.impl.DbImpl;
import org.iq80.leveldb.util.Slice;

/**
 * Lets tests see a LevelDB directory through one of the implementations that Java has.
 *
 * <pre>
 * Program FACTORY read DIRECTORY    print every pair as iteration gives it, then as get gives it, as JSON lines
 * Program FACTORY write DIRECTORY   follow the script on standard input (tests/fixtures/generate/workload.py says what is in it)
 * </pre>
 *
 * FACTORY is the class that opens: org.iq80.leveldb.impl.Iq80DBFactory is the port to Java,
 * org.fusesource.leveldbjni.JniDBFactory LevelDB itself. Both open the directory read-write, so give them a copy.
 */
final class Program {
    private static final HexFormat HEX = HexFormat.of();
    private static DBFactory factory;

    public static void main(String[] arguments) throws Exception {
        factory = (DBFactory) Class.forName(arguments[0]).getField("factory").get(null);
        File directory = new File(arguments[2]);
        if (arguments[1].equals("read")) {
            read(directory);
        } else {
            write(directory);
        }
    }

    private static void read(File directory) throws Exception {
        List<byte[]> keys = new ArrayList<>();
        try (DB db = factory.open(directory, new Options().createIfMissing(false).paranoidChecks(true));
                PrintWriter out = output()) {
            try (DBIterator entries = db.iterator()) {
                for (entries.seekToFirst(); entries.hasNext(); ) {
                    Map.Entry<byte[], byte[]> entry = entries.next();
                    keys.add(entry.getKey());
                    tell(out, "iterated", entry.getKey(), entry.getValue());
                }
            }
            for (byte[] key : keys) {
                byte[] value = db.get(key);
                if (value != null) {
                    tell(out, "got", key, value);
                }
            }
        }
    }

    private static PrintWriter output() {
        return new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.US_ASCII)));
    }

    private static void tell(PrintWriter out, String how, byte[] key, byte[] value) {
        out.println("{\"how\":\"" + how + "\",\"k\":\"" + HEX.formatHex(key) + "\",\"v\":\"" + HEX.formatHex(value) + "\"}");
    }

    private static void write(File directory) throws Exception {
        DB db = open(directory);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] fields = line.split(" ");
            WriteBatch batch = db.createWriteBatch();
            switch (fields[0]) {
                case "put", "delete" -> add(batch, fields);
                case "batch" -> {
                    for (int count = Integer.parseInt(fields[1]); count > 0; count--) {
                        add(batch, lines.readLine().split(" "));
                    }
                }
                case "flush" -> {
                    compact(db);
                    continue;
                }
                case "reopen" -> {
                    db.close();
                    db = open(directory);
                    continue;
                }
                default -> throw new IllegalArgumentException(line);
            }
            db.write(batch);
            batch.close();
        }
        db.close();
    }

    /** Merge everything. The port has no such call of its own, but one for each level. */
    private static void compact(DB db) {
        if (!(db instanceof DbImpl port)) {
            db.compactRange(new byte[] {0}, new byte[] {-1, -1, -1});
            return;
        }
        port.flushMemTable();
        for (int level = 0; level < 5; level++) {
            port.compactRange(level, new Slice(new byte[] {0}), new Slice(new byte[] {-1, -1, -1}));
        }
    }

    private static DB open(File directory) throws Exception {
        return factory.open(directory, new Options().writeBufferSize(65536).blockSize(1024));
    }

    private static void add(WriteBatch batch, String[] fields) {
        if (fields[0].equals("delete")) {
            batch.delete(bytes(fields[1]));
        } else {
            batch.put(bytes(fields[1]), bytes(fields[2]));
        }
    }

    private static byte[] bytes(String field) {
        return field.equals("-") ? new byte[0] : HEX.parseHex(field);
    }
}

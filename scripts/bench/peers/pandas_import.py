"""The same work with pandas and SQLite: read, clean, gain over a baseline, score, rank, store, answer a page. Prints seconds and MB."""
import json, os, resource, sqlite3, sys, tempfile, time
import pandas as pd

path, baseline = sys.argv[1], sys.argv[2]
metrics = ["Killpoints", "Deads", "T4 Kills", "T5 Kills"]


def read(file):
    frame = pd.read_excel(file) if file.endswith(".xlsx") else pd.read_csv(file)
    frame = frame.dropna(subset=["ID"]).drop_duplicates("ID", keep="last")
    for column in frame.columns[2:]:
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame


with tempfile.TemporaryDirectory() as folder:
    db = sqlite3.connect(os.path.join(folder, "peer.db"))
    read(baseline).to_sql("baseline", db, index=False)
    db.commit()
    began = time.perf_counter()
    frame = read(path)
    start = pd.read_sql("select * from baseline", db).set_index("ID")
    start = start.reindex(frame["ID"]).reset_index(drop=True)
    gains = (frame[metrics].reset_index(drop=True) - start[metrics]).clip(lower=0).fillna(0)
    frame = frame.reset_index(drop=True)
    frame["score"] = gains["T4 Kills"] * 10 + gains["T5 Kills"] * 30 + gains["Deads"] * 80
    frame["rank"] = frame["score"].rank(method="min", ascending=False)
    frame.sort_values("rank").to_sql("board", db, index=False)
    db.execute("create index board_rank on board(rank)")
    db.commit()
    page = db.execute("select * from board order by rank limit 50").fetchall()
    seconds = time.perf_counter() - began
print(json.dumps({"ms": seconds * 1000, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "rows": len(frame), "page": len(page)}))

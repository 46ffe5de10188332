"""
The same work as a team in Python would do it: FastAPI takes the file, Celery over Redis hands it to a worker, pandas reads,
cleans, gains over the baseline, scores and ranks, SQLite keeps the board, and a page is read from there.

PEER_FOLDER and PEER_REDIS say where; `uvicorn fastapi_pandas:app` and `celery -A fastapi_pandas:jobs worker` are the two processes.
"""
import os, resource, shutil, sqlite3, uuid

import pandas as pd
from celery import Celery
from fastapi import FastAPI, File, UploadFile

folder, redis = os.environ["PEER_FOLDER"], os.environ["PEER_REDIS"]
metrics = ["Killpoints", "Deads", "T4 Kills", "T5 Kills"]
jobs = Celery("peer", broker=redis, backend=redis)
app = FastAPI()


def database():
    return sqlite3.connect(os.path.join(folder, "peer.db"))


@app.post("/uploads", status_code=202)
def upload(kind: str, file: UploadFile = File(...)):
    path = os.path.join(folder, f"{uuid.uuid4()}{os.path.splitext(file.filename)[1]}")
    with open(path, "wb") as kept:
        shutil.copyfileobj(file.file, kept)
    return {"job_id": process.delay(path, kind).id}


@app.get("/jobs/{job_id}")
def job(job_id: str):
    found = jobs.AsyncResult(job_id)
    return {"status": found.state, "result": found.result if found.state == "SUCCESS" else str(found.result)}


@app.get("/leaderboard")
def leaderboard(page: int = 1, limit: int = 50):
    db = database()
    db.row_factory = sqlite3.Row
    rows = db.execute("select * from board order by rank limit ? offset ?", (limit, (page - 1) * limit)).fetchall()
    return {"rows": [dict(row) for row in rows]}


def read(file):
    frame = pd.read_excel(file) if file.endswith(".xlsx") else pd.read_csv(file)
    frame = frame.dropna(subset=["ID"]).drop_duplicates("ID", keep="last")
    for column in frame.columns[2:]:
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame


@jobs.task(name="process")
def process(path, kind):
    frame, db = read(path), database()
    if kind == "baseline":
        frame.to_sql("baseline", db, index=False, if_exists="replace")
    else:
        start = pd.read_sql("select * from baseline", db).set_index("ID").reindex(frame["ID"]).reset_index(drop=True)
        frame = frame.reset_index(drop=True)
        gains = (frame[metrics] - start[metrics]).clip(lower=0).fillna(0)
        frame["score"] = gains["T4 Kills"] * 10 + gains["T5 Kills"] * 30 + gains["Deads"] * 80
        frame["rank"] = frame["score"].rank(method="min", ascending=False)
        frame.sort_values("rank").to_sql("board", db, index=False, if_exists="replace")
        db.execute("create index board_rank on board(rank)")
    db.commit()
    return {"rows": len(frame), "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}

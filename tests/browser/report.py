"""The page of `synbal report`."""

import os
import subprocess
import tempfile

import sight

# The first screen: a picture, and no table.
FIRST = """(() => {
  const top = (wanted) => Math.min(Infinity, ...[...document.querySelectorAll(wanted)].map((one) => one.getBoundingClientRect().top));
  const picture = document.querySelector("figure svg").getBoundingClientRect();
  return { picture: picture.bottom, table: top("table") };
})()"""


def look(page, synbal, pictures):
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.html")
        subprocess.run([synbal, "report", "-o", path], check=True, stdout=subprocess.DEVNULL)
        for width, dark, view in sight.views():
            page.open(f"file://{path}", width, sight.HEIGHT, dark)
            at = f"report at {view}: "
            first = page.run(FIRST)
            if first["picture"] > sight.HEIGHT or (first["table"] or 1e9) < sight.HEIGHT:
                found.append(f"{at}the first screen is no picture: {first}")
            sight.picture(page, pictures, f"report-{view}")
            found += [at + fault for fault in sight.faults(page)]
            page.run("document.querySelectorAll('details').forEach((one) => { one.open = true })")
            found += [f"{at}opened, {fault}" for fault in sight.faults(page)]
            for part in ["regularized-balances", "theorems", "networks"]:
                page.run(f"document.getElementById('{part}').scrollIntoView()")
                sight.picture(page, pictures, f"report-{view}-{part}")
            found += [at + fault for fault in page.complaints()]
            found += [f"{at}asks for {asked}" for asked in page.asked() if not asked.startswith("file://")]
        found += sight.blind(page)
    return found

//! Files that are no model, and models whose files lie elsewhere.

use std::path::Path;

use super::{Desk, is_tried, json, run};

fn case(name: &str) -> String {
    format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Checks: each file that is no model is called what it is, whatever its name says; exit code 2, and nothing is
/// written.
#[test]
fn called_what_they_are() {
    let desk = Desk::new();
    let zip = |name: &str| [b"PK\x03\x04", &[0; 26][..], name.as_bytes()].concat();
    let shortened = [&1000u64.to_le_bytes()[..], b"{\"a\": "].concat();
    let files: &[(Vec<u8>, &str)] = &[
        (std::fs::read(case("pth.onnx")).unwrap(), "a zip archive"),
        (vec![], "an empty file"),
        (zip("archive/data.pkl"), "a PyTorch checkpoint"),
        (zip("w.npy"), "an archive of NumPy (.npz)"),
        (zip("model.weights.h5"), "a Keras model"),
        (
            b"\x93NUMPY\x01\x00v\x00".to_vec(),
            "an array of NumPy (.npy)",
        ),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9".to_vec(), "a pickle"),
        (b"GGUF\x03\0\0\0".to_vec(), "a GGUF file"),
        (b"\x89HDF\r\n\x1a\n\0\0".to_vec(), "an HDF5 file"),
        (b"\x1c\0\0\0TFL3\0\0".to_vec(), "a TensorFlow Lite model"),
        (b"\x1f\x8b\x08\0".to_vec(), "compressed with gzip"),
        (b"<!DOCTYPE html><html>Not found".to_vec(), "a page in HTML"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".to_vec(),
            "a pointer of Git LFS",
        ),
        (shortened, "cut off"),
        (b"read me first, then run it".to_vec(), "text"),
    ];
    for (number, (content, what)) in files.iter().enumerate() {
        for name in ["model.onnx", "model.pt"] {
            if !is_tried(2, number, name.len()) {
                continue;
            }
            let path = desk.write(name, content);
            let path = path.to_str().unwrap();
            let output = desk.path("out.onnx");
            let commands = [
                &["explain", path][..],
                &["balance", path, "-o", output.to_str().unwrap()],
                &["check", path, path],
            ];
            for (place, command) in commands.into_iter().enumerate() {
                if !is_tried(2, number / 2, place) {
                    continue;
                }
                let (code, _, complaint) = run(command);
                assert_eq!(code, 2, "{what}: {complaint}");
                assert!(
                    complaint.contains("not an ONNX model") && complaint.contains(what),
                    "{what}: {complaint}"
                );
            }
            assert!(!output.exists());
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// Checks: where external data are rewritten, checksums of the old ones are gone, and the rest is as it was.
#[test]
fn checksums_are_dropped() {
    let desk = Desk::new();
    let output = desk.path("out.onnx");
    let (code, _) = json(&[
        "balance",
        &case("checksum_sub/m.onnx"),
        "-o",
        output.to_str().unwrap(),
    ]);
    assert_eq!(code, 0);
    let written = std::fs::read(&output).unwrap();
    let has = |what: &[u8]| written.windows(what.len()).any(|window| window == what);
    assert!(!has(b"checksum") && has(b"location") && has(b"offset"));
    let (code, report) = json(&[
        "check",
        &case("checksum_sub/m.onnx"),
        output.to_str().unwrap(),
    ]);
    assert_eq!(
        (code, &report["same_function"]),
        (0, &true.into()),
        "{report:#}"
    );
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
}

/// Checks: a model in a hub's cache is read, with its links kept as text or as links; data that a link leads out of the
/// cache, or out of a plain folder, are refused.
#[test]
fn links_within_a_cache() {
    let model = case("hf_cache/snapshots/abc/model.onnx");
    let (code, report) = json(&["explain", &model]);
    assert_eq!((code, &report["manifold"]["dimension"]), (0, &6.into()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        let desk = Desk::new();
        copy(Path::new(&case("hf_cache")), &desk.path("cache"));
        let snapshot = desk.path("cache/snapshots/abc");
        let relink = |name: &str, target: &str| {
            let link = snapshot.join(name);
            std::fs::remove_file(&link).unwrap();
            symlink(target, link).unwrap();
        };
        relink("model.onnx", "../../blobs/aaaa");
        relink("model.onnx_data", "../../blobs/bbbb");
        let model = snapshot.join("model.onnx");
        let (code, _) = json(&[
            "balance",
            model.to_str().unwrap(),
            "-o",
            desk.path("out.onnx").to_str().unwrap(),
        ]);
        assert_eq!(code, 0);
        std::fs::copy(desk.path("cache/blobs/bbbb"), desk.path("secret")).unwrap();
        relink("model.onnx_data", "../../../secret");
        let (code, _, complaint) = run(&["explain", model.to_str().unwrap()]);
        assert_eq!(code, 2, "{complaint}");
        // The same links where there is no cache.
        let folder = desk.path("plain");
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(desk.path("cache/blobs/aaaa"), folder.join("model.onnx")).unwrap();
        symlink("../secret", folder.join("model.onnx_data")).unwrap();
        let (code, _, complaint) = run(&["explain", folder.join("model.onnx").to_str().unwrap()]);
        assert_eq!(code, 2, "{complaint}");
    }
}

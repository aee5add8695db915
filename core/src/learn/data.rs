//! Data sets of labelled images.

use nalgebra::DMatrix;

/// The embedded images: UCI *Optical Recognition of Handwritten Digits* (Alpaydin and Kaynak 1998, CC BY 4.0).
static IMAGES: &str = include_str!("../../data/digits.csv");

/// Images with labels, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Rows of pixels in an image.
    pub rows: usize,
    /// Pixels in a row.
    pub columns: usize,
    /// The value of a white pixel.
    pub white: u8,
    /// One vector of `rows · columns` pixels for each image, row by row.
    pub images: Vec<Vec<u8>>,
    /// The class that each shows.
    pub labels: Vec<u8>,
}

/// Images as a network reads them: one column for each, pixels from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Pixels x images.
    pub inputs: DMatrix<f64>,
    /// Classes x images: 1 at the class, 0 elsewhere.
    pub classes: DMatrix<f64>,
}

/// What is trained on and what is tested on.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSet {
    /// A name for reports.
    pub name: String,
    /// Rows of pixels in an image: the steps of a sequence.
    pub rows: usize,
    /// Pixels in a row.
    pub columns: usize,
    /// The number of classes.
    pub count: usize,
    /// Images to learn from.
    pub training: Part,
    /// Images to test with.
    pub test: Part,
    /// FNV-1a of all pixels and labels, to tell data sets apart.
    pub fingerprint: u64,
}

/// The 1,797 embedded images of 8 x 8 pixels from 0 to 16.
///
/// ```
/// assert_eq!(synaptic_balance::learn::digit_images().images.len(), 1797);
/// ```
pub fn digit_images() -> Images {
    let rows = IMAGES.lines().map(|line| {
        line.split(',')
            .filter_map(|field| field.parse().ok())
            .collect::<Vec<u8>>()
    });
    let split = rows.filter_map(|mut row| row.pop().map(|label| (row, label)));
    let (images, labels) = split.unzip();
    Images {
        rows: 8,
        columns: 8,
        white: 16,
        images,
        labels,
    }
}

impl Images {
    /// The images whose index passes.
    fn part(&self, classes: usize, chosen: impl Fn(usize) -> bool) -> Part {
        let chosen: Vec<usize> = (0..self.images.len()).filter(|i| chosen(*i)).collect();
        let white = f64::from(self.white);
        let inputs = DMatrix::from_fn(self.rows * self.columns, chosen.len(), |pixel, i| {
            f64::from(self.images[chosen[i]][pixel]) / white
        });
        let classes = DMatrix::from_fn(classes, chosen.len(), |class, i| {
            f64::from(u8::from(usize::from(self.labels[chosen[i]]) == class))
        });
        Part { inputs, classes }
    }

    fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let pixels = self.images.iter().flatten();
        pixels.chain(&self.labels).copied()
    }

    fn classes(&self) -> usize {
        self.labels
            .iter()
            .max()
            .map_or(0, |label| usize::from(*label) + 1)
    }
}

impl DataSet {
    /// A data set of images to learn from and images to test with, of the same size.
    pub fn new(name: &str, training: &Images, test: &Images) -> Self {
        let count = training.classes().max(test.classes());
        DataSet {
            name: name.to_owned(),
            rows: training.rows,
            columns: training.columns,
            count,
            training: training.part(count, |_| true),
            test: test.part(count, |_| true),
            fingerprint: fingerprint(training.bytes().chain(test.bytes())),
        }
    }

    /// The embedded digits; every fifth image is for testing.
    pub fn digits() -> Self {
        let images = digit_images();
        let count = images.classes();
        DataSet {
            name: "digits".to_owned(),
            rows: images.rows,
            columns: images.columns,
            count,
            training: images.part(count, |i| i % 5 != 4),
            test: images.part(count, |i| i % 5 == 4),
            fingerprint: fingerprint(images.bytes()),
        }
    }

    /// The same with so many of the images to learn from only, the first of each class in turn.
    pub fn with_fewer(&self, count: usize) -> Self {
        DataSet {
            training: self.training.with_fewer(count),
            ..self.clone()
        }
    }
}

impl Part {
    /// So many of the images, the first of each class in turn.
    pub fn with_fewer(&self, count: usize) -> Part {
        let class_of = |i: usize| self.classes.column(i).iamax();
        let mut by_class = vec![Vec::new(); self.classes.nrows()];
        for i in 0..self.inputs.ncols() {
            by_class[class_of(i)].push(i);
        }
        let longest = by_class.iter().map(Vec::len).max().unwrap_or(0);
        let in_turn = (0..longest).flat_map(|k| by_class.iter().filter_map(move |c| c.get(k)));
        let chosen: Vec<usize> = in_turn.take(count).copied().collect();
        Part {
            inputs: self.inputs.select_columns(chosen.iter()),
            classes: self.classes.select_columns(chosen.iter()),
        }
    }

    /// The images of the part whose index leaves no rest by `every`, which is not 0, taken out: those that stay, those
    /// taken.
    pub fn split(&self, every: usize) -> (Part, Part) {
        let chosen = |taken: bool| {
            let all = 0..self.inputs.ncols();
            let chosen: Vec<usize> = all.filter(|i| (i % every == 0) == taken).collect();
            Part {
                inputs: self.inputs.select_columns(chosen.iter()),
                classes: self.classes.select_columns(chosen.iter()),
            }
        };
        (chosen(false), chosen(true))
    }
}

fn fingerprint(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

"""The parts of the quantisation experiment: networks, equalisation, measurements, and the page."""

"""What happened to patients, as a network learns it: labels, and the losses of each kind of head."""

(* Activations that can be scaled: BiLU (Definition 2.1) and BiPU, for any real exponent. *)

From Coq Require Import Reals Lra.
Open Scope R_scope.

Definition bilu (a b x : R) : R := if Rlt_dec x 0 then a * x else b * x.

Definition is_bilu (f : R -> R) : Prop := exists a b, forall x, f x = bilu a b x.

(* `C x^c` above 0, `D |x|^c` below; the value at 0 is free for c = 0 only. *)
Definition is_bipu (c : R) (f : R -> R) : Prop :=
  exists C D,
    (forall x, 0 < x -> f x = C * Rpower x c) /\
    (forall x, x < 0 -> f x = D * Rpower (Rabs x) c) /\
    (c <> 0 -> f 0 = 0).

Definition homogeneous (c : R) (f : R -> R) : Prop :=
  forall l x, 0 < l -> f (l * x) = Rpower l c * f x.

Lemma bilu_homogeneous : forall a b l x, 0 < l -> bilu a b (l * x) = l * bilu a b x.
Proof.
  intros a b l x Hl. unfold bilu.
  destruct (Rlt_dec x 0) as [Hx|Hx], (Rlt_dec (l * x) 0) as [Hlx|Hlx]; try ring.
  - exfalso. apply Hlx. replace 0 with (l * 0) by ring. apply Rmult_lt_compat_l; assumption.
  - exfalso. apply Hx. apply Rmult_lt_reg_l with l; [assumption|]. rewrite Rmult_0_r. exact Hlx.
Qed.
